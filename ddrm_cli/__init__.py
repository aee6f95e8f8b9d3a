"""Image restoration with Denoising Diffusion Restoration Models."""
