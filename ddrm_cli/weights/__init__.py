"""The models: which exist, where their files are, how they get there and how they load.

``models.toml``, ``registry``
    One table a model, and its reading.
``cache``
    Where the files lie.
``download``
    How they get there: streamed, resumed, verified, moved into place.
``load``
    From a verified file to a network. The only module here that imports torch.
"""
