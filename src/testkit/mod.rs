//! Checks that tests, fuzz targets and users' own codecs share.
