"""An idea as a package that an authority can register and archive: its record, its METS, and the zip around them."""
