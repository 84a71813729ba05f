-- What one tenant gets: its own rows of the tables about things, without what is
-- tied to a person, and counts in which small ones are left out.
CREATE ROLE IF NOT EXISTS {{role}}{{on}};
{{range things}}
CREATE ROW POLICY OR REPLACE {{role}}{{on}} ON {{name .}} FOR SELECT USING site_id = {{site}} TO {{role}};
GRANT{{on}} SELECT({{columns . "L1" "L2"}}) ON {{name .}} TO {{role}};
{{end}}
{{range counts}}
CREATE VIEW IF NOT EXISTS {{siteview .}}{{on}} {{definer}} AS SELECT * FROM {{name .}} WHERE site_id = {{site}};
GRANT{{on}} SELECT ON {{siteview .}} TO {{role}};
{{end}}
