package evidence

// appendRecord writes the line of a record behind b.
func appendRecord(b []byte, r *Record) ([]byte, error) { return appendLine(b, r, r.members) }

// members writes the record of a decision; those of the other kinds are few.
func (r *Record) members(l *lineWriter) {
	if r.Decision == nil || r.Waiver != nil || r.Effect != nil || r.Policy != nil || r.Case != nil || r.Epoch != nil {
		l.odd = true
		return
	}
	l.open()
	l.number(`,"v":`, int64(r.V))
	l.text(`,"kind":`, string(r.Kind))
	l.number(`,"index":`, r.Index)
	l.time(`,"at":`, r.At)
	l.text(`,"terms":`, r.Terms)
	l.some(`,"prev":`, r.Prev)
	object(l, `,"decision":`, r.Decision, decisionMembers)
	l.close()
	if l.odd && l.done != nil {
		l.done.complete(r.Decision)
	}
}

func decisionMembers(l *lineWriter, d *Decision) {
	object(l, `,"finding":`, &d.Finding, func(l *lineWriter, f *Finding) {
		l.text(`,"id":`, f.ID)
		l.text(`,"kind":`, string(f.Kind))
		l.some(`,"name":`, f.Name)
		l.some(`,"package":`, f.Package)
		someTexts(l, `,"fixed":`, f.Fixed)
		someTexts(l, `,"ids":`, f.IDs)
		someTexts(l, `,"cves":`, f.CVEs)
		someTexts(l, `,"euvd":`, f.EUVD)
		l.someNumbers(`,"reports":`, f.Reports)
	})
	object(l, `,"asset":`, &d.Asset, func(l *lineWriter, a *Asset) {
		l.text(`,"id":`, a.ID)
		l.some(`,"owner":`, a.Owner)
		l.some(`,"criticality":`, a.Criticality)
		l.some(`,"exposure":`, a.Exposure)
	})
	l.some(`,"status":`, string(d.Status))
	if l.done != nil {
		l.digest(`,"input":`, &l.done.input)
	} else {
		l.text(`,"input":`, d.Input)
	}
	l.text(`,"answer":`, d.Answer)
	l.text(`,"priority":`, string(d.Priority))
	l.text(`,"action":`, string(d.Action))
	l.some(`,"would_have":`, string(d.WouldHave))
	l.some(`,"exempted_by":`, d.ExemptedBy)
	l.someTime(`,"first_seen":`, d.FirstSeen)
	l.someTime(`,"due":`, d.Due)
	l.some(`,"due_from":`, d.DueFrom)
	if d.Overdue {
		l.truth(`,"overdue":`, true)
	}
	l.someTime(`,"next_change":`, d.NextChange)
	if l.done != nil && l.done.told != nil {
		l.done.writeReasons(l)
	} else {
		someOf(l, `,"reasons":`, d.Reasons, reasonMembers)
		someTexts(l, `,"controls":`, d.Controls)
	}
	someTexts(l, `,"waivers":`, d.Waivers)
	someTexts(l, `,"assumed":`, d.Assumed)
	someTexts(l, `,"obligations":`, d.Oblige)
	someTexts(l, `,"range":`, d.Range)
}

func reasonMembers(l *lineWriter, r *Reason) {
	ruleMembers(l, r)
	l.someTime(`,"date":`, r.Date)
	stageMembers(l, r)
}

// ruleMembers are those of a reason before its date.
func ruleMembers(l *lineWriter, r *Reason) {
	l.text(`,"rule":`, r.Rule)
	l.text(`,"kind":`, r.Kind)
	l.some(`,"to":`, string(r.To))
	l.some(`,"at_most":`, string(r.AtMost))
	if r.Firm {
		l.truth(`,"firm":`, true)
	}
}

// stageMembers are those of a reason behind its date.
func stageMembers(l *lineWriter, r *Reason) {
	if r.Staged {
		l.truth(`,"staged":`, true)
	}
}
