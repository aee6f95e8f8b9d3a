"""One file in, one file out: restoring, degrading, the record of how a result was made.

===============  =================================================================
``figures``      pictures of one restoration: side by side, step by step, uncertainty
===============  =================================================================
"""
