"""Degradations: linear operators ``y = H x + z`` that come with their singular value decomposition.

``table``, ``families``, ``entry``
    What there is: a name, what it does, and the class that does it; entries that are alike; what
    an entry says.
``build``
    From a name and the size of a picture to its operator.
``base``
    What every operator is: four maps and the singular values.

``framing``, ``boundary``
    What a blur sees beyond the frame of a picture.
``text_masks``
    Holes in the form of text.

``factors``, ``separable``
    Filters of rows and of columns, and operators of two of them.
``cosine``, ``lines``
    The fast transform that decomposes such filters, and how pictures go through it.

The other modules hold the operators, one family each; ``separable`` and ``dense`` are for more.
"""
