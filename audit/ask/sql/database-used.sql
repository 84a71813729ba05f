SELECT m.ts, {{text "m.kind"}}, {{text "m.gate_mode"}}, {{digest "m.gallery_root"}}, {{int "m.gallery_size"}},
       {{digest "m.template_ref"}}, {{digest "m.model_digest"}}, {{float "m.score"}}, {{float "m.threshold"}}, {{float "m.margin"}},
       {{float "m.quality"}}, {{text "m.pad"}}, {{int "m.gate_bits"}}
FROM {{one "event"}} m
