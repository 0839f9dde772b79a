"""Files a person asks about: read at the edge, cut into parts, quoted as data, cited."""
