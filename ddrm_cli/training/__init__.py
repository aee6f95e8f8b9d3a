"""Train a prior on photographs of one's own.

``train``
    ``train()``: from photographs to a file that ``--model`` takes.
``recipe``, ``budget``
    Every number of a training, and how long it is.
``photographs``, ``tiles``
    Which photographs, and the tiles that they are cut into once.
``batches``, ``augmentation``
    What the network is shown in each step.
``objective``, ``learner``, ``watch``, ``loop``
    What it is asked; weights, average and optimizer; jumps; one step after the other.
``team``
    Several processes that train one network.
``held_out``, ``record``, ``curves``, ``monitor``
    How good it is by now, as numbers and as a picture.
``output``
    The files: prior, curves, checkpoint.
"""
