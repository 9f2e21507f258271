"""What letters say, to whom they may go and what stands on their envelopes. Pure: times and policies are arguments."""
