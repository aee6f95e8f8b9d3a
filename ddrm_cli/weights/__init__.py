"""The models: which exist, where their files are, how they get there and how they load.

``models.toml``, ``registry``, ``toml_table``, ``model``
    One table a model, its reading, and what it says.
``classes``
    From what a user calls a class to its label.
``cache``
    Where the files lie.
``verify``
    Whether a file is the right one.
``download``, ``http``, ``part``
    How files get there: streamed, resumed, verified, moved into place; what to make of a server's
    answer; the unfinished file.
``by_hand``
    Files that the user fetched, and those to be removed.
``own_file``
    A file that carries its own table, as those of ``ddrm train`` do.
``writing``
    One process a file, and never to the brim of the disk.
``load``, ``infer``
    From a verified file to a network, and from a checkpoint of the user's own to a model. These
    two import torch, and no other does.
"""
