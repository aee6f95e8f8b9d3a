"""Degradations: linear operators ``y = H x + z`` that come with their singular value decomposition.

``table``
    What there is: a name, what it does, and the class that does it.
``build``
    From a name and the size of a picture to its operator.
``base``
    What every operator is: four maps and the singular values.

The other modules hold the operators, one family each.
"""
