package event

// accessor names a field as in JSON and leads to it. The list is written out
// because reflection costs more than all the rest of reading an event; table
// refuses to start when it does not fit the struct.
type accessor struct {
	name string
	ref  func(*Event) any
}

func accessors() []accessor {
	return []accessor{
		{"event_id", func(e *Event) any { return &e.ID }},
		{"ts", func(e *Event) any { return &e.TS }},
		{"ts_quality", func(e *Event) any { return (*string)(&e.TSQuality) }},
		{"kind", func(e *Event) any { return (*string)(&e.Kind) }},
		{"site_id", func(e *Event) any { return &e.SiteID }},
		{"camera_id", func(e *Event) any { return &e.CameraID }},
		{"scene_id", func(e *Event) any { return &e.SceneID }},
		{"zone_id", func(e *Event) any { return &e.ZoneID }},
		{"zone_version", func(e *Event) any { return &e.ZoneVersion }},
		{"sign_set_hash", func(e *Event) any { return &e.SignSetHash }},
		{"inspection_id", func(e *Event) any { return &e.InspectionID }},
		{"policy_version", func(e *Event) any { return &e.PolicyVersion }},
		{"notice_version", func(e *Event) any { return &e.NoticeVersion }},
		{"assessment_id", func(e *Event) any { return &e.AssessmentID }},
		{"gate_mode", func(e *Event) any { return &e.GateMode }},
		{"gate_bits", func(e *Event) any { return &e.GateBits }},
		{"subject_ref", func(e *Event) any { return &e.SubjectRef }},
		{"consent_ref", func(e *Event) any { return &e.ConsentRef }},
		{"consent_version", func(e *Event) any { return &e.ConsentVersion }},
		{"gallery_root", func(e *Event) any { return &e.GalleryRoot }},
		{"gallery_size", func(e *Event) any { return &e.GallerySize }},
		{"template_ref", func(e *Event) any { return &e.TemplateRef }},
		{"model_digest", func(e *Event) any { return &e.ModelDigest }},
		{"score", func(e *Event) any { return &e.Score }},
		{"threshold", func(e *Event) any { return &e.Threshold }},
		{"margin", func(e *Event) any { return &e.Margin }},
		{"quality", func(e *Event) any { return &e.Quality }},
		{"pad", func(e *Event) any { return &e.PAD }},
		{"ref_event", func(e *Event) any { return &e.RefEvent }},
		{"reviewer_ref", func(e *Event) any { return &e.ReviewerRef }},
		{"verdict", func(e *Event) any { return &e.Verdict }},
		{"receipt_id", func(e *Event) any { return &e.ReceiptID }},
		{"payload_enc", func(e *Event) any { return &e.PayloadEnc }},
		{"dek_id", func(e *Event) any { return &e.DEKID }},
		{"salt", func(e *Event) any { return &e.Salt }},
		{"detail", func(e *Event) any { return &e.Detail }},
		{"chain_id", func(e *Event) any { return &e.ChainID }},
		{"seq", func(e *Event) any { return &e.Seq }},
		{"prev_hash", func(e *Event) any { return &e.PrevHash }},
		{"row_hash", func(e *Event) any { return &e.RowHash }},
		{"node_sig", func(e *Event) any { return &e.NodeSig }},
	}
}
