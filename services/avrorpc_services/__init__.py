"""Services written by hand, which plug into generated skeletons."""
