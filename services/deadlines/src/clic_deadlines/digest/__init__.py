"""The daily digest on its way: planned once a day, sent by whichever instance takes it, kept until it is settled."""
