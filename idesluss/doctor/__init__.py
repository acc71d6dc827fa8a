"""`idesluss doctor`: what is set, what is wrong, and how to mend it. Looks only; changes nothing."""
