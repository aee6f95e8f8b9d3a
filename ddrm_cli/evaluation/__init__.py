"""Measure restorations, and look at them.

===============  =================================================================
``metrics``      how good a restoration is: a table, one pure function each
``learned``      the metrics that need a trained network and the extra ``metrics``
``baselines``    what a restoration has to beat
``preprocess``   from a photograph to the picture that is measured
``photographs``  which pictures
``grid``         which settings are compared
``store``        the output folder, which an interrupted run goes on from
``progress``     what came of each picture, told once
``run``          ``evaluate``: degrade, restore and score
``pairs``        ``score_folders``: score what exists already
``sets``         metrics of many pictures at once
``text``         numbers and names as text that loses nothing
``tables``       means, CSV and JSON
``plots``        means with their errors, as SVG
``svg``          parts of figures
``report``       one HTML file to look at
``results``      the files that a run ends with
===============  =================================================================
"""
