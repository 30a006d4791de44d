"""ECS's rolling update as a pure state machine: facts and a clock go in, actions come out; who performs them is no matter of it."""
