"""Open311 GeoReport v2, so that applications that know 311 work with this town unmodified. See docs/open311.md."""
