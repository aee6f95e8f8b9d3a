"""The networks that published diffusion checkpoints are made for.

``guided_diffusion``
    The ADM U-Net and its classifier (Dhariwal and Nichol 2021).
``ddpm``
    The DDPM U-Net (Ho, Jain and Abbeel 2020).

Attribute names are those of the published checkpoints, so that a state dict loads as it is.
"""
