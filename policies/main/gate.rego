package main

import data.lib

# METADATA
# title: The gate as a whole
# description: >-
#   Sees the engine's summary of all cases and can only tighten what the cases come to: a budget that is exceeded
#   blocks.
# scope: rule
# schemas:
#   - input: schema.summary
# custom:
#   id: main.budget
#   message: '{count} {name}, and the budget allows {most}'
#   remediation: Fix cases, or change the budget in the settings.
gate contains result if {
	some name, most in data.main.params.budgets
	most != null
	actual := input.counts[name]
	actual > most
	result := lib.vars(lib.deny(rego.metadata.rule()), {"name": name, "count": actual, "most": most})
}

# METADATA
# title: The budget of each owner
# description: >-
#   What the cases of one owner come to, whatever those of others do: nobody lives on what the others leave.
# scope: rule
# schemas:
#   - input: schema.summary
# custom:
#   id: main.owner_budget
#   message: '{owner} has {count} {name}, and the budget of each owner allows {most}'
#   remediation: Fix cases of this owner, or change the budget in the settings.
gate contains result if {
	some name, most in data.main.params.owner_budgets
	most != null
	some owner, counts in input.owners
	actual := counts[name]
	actual > most
	result := lib.vars(
		lib.deny(rego.metadata.rule()),
		{"name": name, "count": actual, "most": most, "owner": owner},
	)
}

# METADATA
# title: A budget that cannot be read
# description: A budget that is not a number bounds nothing, and whoever wrote it believes that it does.
# scope: rule
# schemas:
#   - input: schema.summary
# custom:
#   id: main.budget_unreadable
#   message: the budget for {name} is not a number
#   remediation: Write a number, or null for no bound.
gate contains result if {
	some budgets in [data.main.params.budgets, data.main.params.owner_budgets]
	some name, most in budgets
	most != null
	not is_number(most)
	result := lib.vars(lib.deny(rego.metadata.rule()), {"name": name})
}
