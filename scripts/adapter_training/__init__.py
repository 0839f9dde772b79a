"""Training the baseline's adapter: corpus, network, crossing, thresholds. For authors only.

``scripts/adapter`` drives it. Needs torch and the evaluation folder; of the public sets only
those marked *may train* are read here.
"""
