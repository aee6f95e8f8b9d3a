"""A page on the user's own machine: drop a photograph, say what happened to it, have it restored.

===========  =====================================================================
``serving``  ``serve``: the page at an address of its own until somebody ends it
``app``      ``make_app``: what is answered, and to whom
``desk``     ``Desk``: the photographs that lie open, and who restores them
``photo``    ``Photo``: one of them, with all that was made of it
``order``    ``Order``: what is to be done with one, as the page says it
``job``      ``Job``: a restoration that waits, runs, or has ended
``page/``    what the browser shows; ``page/vendor/`` is others' work
===========  =====================================================================

Nothing else imports the library it stands on, Starlette with uvicorn: the extra ``web``.
"""
