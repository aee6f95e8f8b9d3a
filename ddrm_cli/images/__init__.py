"""Picture files, with numpy and Pillow; nothing here knows torch.

=====================  ==========================================================
``picture``            ``Picture``: pixels on [0, 1], alpha, bit depth, metadata
``modes``              Pillow's colour modes to pixels and alpha
``xmp``                XMP: what a JPEG says of how it was measured
``exif``               EXIF: orientation, normalising, dropping what is corrupt
``quiet``              Pillow and OpenCV without their warnings, safe in threads
``files``              files opened for reading, the system's errors made ours
``sixteen_bit``        the 16-bit files that Pillow would cut to 8 bits
``reading``            ``read_picture``: a file to a ``Picture``
``writing``            ``write_picture``, ``write_bytes``, ``check_writable``
``measurement``        what ``degrade`` writes and ``restore`` reads
``arrays``             ``.npy`` and ``.npz`` files opened without trusting them
``folders``            inputs from files, folders and globs; names of outputs
``noise_level``        ``estimate_noise``: how noisy a photograph is
``kernels``            ``read_kernel``: the user's own blur
``masks``              ``read_mask``: the user's own holes
=====================  ==========================================================
"""
