"""Real taxi trips of Chicago, from inside the tfx package: will the passenger tip more than a fifth of the fare?"""
