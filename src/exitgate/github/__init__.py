"""GitHub as far as it decides which changes get in: workflows and rulesets as nouns, and what GitHub makes of them. Pure.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions and
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
"""
