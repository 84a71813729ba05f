SELECT m.ts, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.scene_id"}}, {{text "m.zone_id"}}, {{int "m.zone_version"}},
       {{int "m.policy_version"}}, {{text "m.notice_version"}}, {{text "n.effective_from"}}, {{text "m.assessment_id"}},
       {{digest "m.sign_set_hash"}}, {{text "m.inspection_id"}}, {{text "s.state"}}, {{text "s.approver"}}, {{text "z.state"}}
FROM {{one "event"}} m
{{asof "n" "notices" "notice_version" "m.ts"}}
{{asof "s" "scenes" "scene_id" "m.ts"}}
{{asof "z" "zones" "zone_id" "m.ts"}}
