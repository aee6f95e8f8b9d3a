"""The DDRM sampler: it knows tensors, an operator and a denoiser, nothing else.

``ddrm``
    The algorithm: `sample_ddrm`.
``settings``
    What a user can turn, and the presets.
``schedule``
    Betas, noise levels, and which timesteps are evaluated.
``parts``
    Spectral coordinates, part by part.
``noise``
    Random numbers: one generator a picture.
``denoiser``
    From a network to ``D(x, sigma)``.
``grey``
    A denoiser for grey pictures, from one for colour.
``tiling``
    A denoiser for pictures larger or smaller than the network takes.
"""
