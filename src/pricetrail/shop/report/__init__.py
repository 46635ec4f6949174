"""What there is to know about a release, for somebody who has to judge it: a page, and a bundle with the evidence."""
