"""The report: a comparison as one page that opens from disk, in any browser, without a network."""
