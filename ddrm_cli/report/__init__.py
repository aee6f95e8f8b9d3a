"""Pages to look at: pictures of one thing, slid against each other; one HTML file, offline.

===============  =================================================================
``pictures``     picture files as JPEG inside a page
``card``         ``Card``, ``Layer``: pictures that lie on each other, as HTML
``page``         ``Page``, ``render``: cards, and the controls to choose among them
``place``        ``check_page``, ``write_page``: where a page may be written
===============  =================================================================

``page.html``, ``page.css`` and ``page.js`` are what all pages share.
"""
