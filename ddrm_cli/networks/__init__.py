"""The networks that diffusion checkpoints are made for.

``table``
    The architectures by name, and what the program asks of each.
``configurations``
    Their shapes, checked, and read off a state dict. Without torch, as the table and ``checks``.
``guided_diffusion``
    The ADM U-Net and its classifier (Dhariwal and Nichol 2021).
``ddpm``
    The DDPM U-Net (Ho, Jain and Abbeel 2020).
``plain_unet``
    The U-Net of the bundled prior: convolutions only.

Attribute names are those of the checkpoints, so that a state dict loads as it is.
"""
