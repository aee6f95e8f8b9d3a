"""What happened to a photograph, as its file and its pixels show it; nothing here knows torch.

=====================  ==========================================================
``findings``           ``Findings``: what was found, and each part of it
``inspect``            ``inspect``: a picture to its findings
``bars``               bars of one colour around the picture
``blocks``             that a picture was a JPEG once, and of which quality
``spectrum``           where the spectrum ends: enlarged, blurred, or neither
``suggestions``        ``suggestions``: findings to commands worth trying
=====================  ==========================================================
"""
