"""One file in, one file out: restoring, degrading, the record of how a result was made.

===============  =================================================================
``restoring``    ``RestoreRequest``, ``FileRestorer``: a photograph or measurement file
``degrading``    ``DegradeRequest``, ``degrade_file``: a picture to its measurement file
``record``       how a result was made: what is written into it, and read again
``names``        ``RestoredFiles``: which files one restoration gives
``figures``      pictures of one restoration: side by side, step by step, uncertainty
``report``       pages to look at after a run, before and after under a slider
===============  =================================================================
"""
