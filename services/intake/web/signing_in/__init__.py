"""How somebody signs in, stays signed in, and sees where they are."""
