"""Picture files, with numpy, Pillow and tifffile; nothing here knows torch.

=====================  ==========================================================
``picture``            ``Picture``: pixels on [0, 1], alpha, bit depth, metadata
``metadata``           ``Metadata``: what a file says besides, made true of results
``exif``               EXIF blocks: carried, patched in place
``xmp``                XMP packets: carried, made true, our records merged in
``iptc``               IPTC records in the resources that hold them
``tiff_tags``          directories of tags, of TIFF files and of EXIF blocks
``hidden``             colours under full transparency, continued from the visible
``modes``              Pillow's colour modes to pixels and alpha
``quiet``              decoders without their warnings, safe in threads
``files``              files opened for reading, the system's errors made ours
``signatures``         what a file is by its first bytes, and why it cannot be read
``reading``            ``read_picture``: a file to a ``Picture``
``ending``             whether a file goes on to its end
``tiff_reading``       TIFF files of all kinds: which page, and its samples
``png``                PNG by its chunks: 16 bits a sample, metadata
``pnm``                PPM files of more than 8 bits a sample
``encoding``           ``encode_picture``: a ``Picture`` to the bytes of a file
``jpeg_segments``      metadata into JPEG files
``tiff_writing``       TIFF files with directories of their own
``writing``            ``write_picture``, ``write_bytes``, and what would stand in their way
``unfinished``         the file that is written until it is whole, left by a kill
``measurement``        what ``degrade`` writes and ``restore`` reads
``arrays``             ``.npy`` and ``.npz`` files opened without trusting them
``folders``            ``survey``: inputs from files, folders and globs, and what is left out
``naming``             names of outputs by their inputs, masks by the names of pictures
``noise_level``        ``estimate_noise``: how noisy a photograph is
``kernels``            ``read_kernel``: the user's own blur
``masks``              ``read_mask``: the user's own holes
=====================  ==========================================================
"""
