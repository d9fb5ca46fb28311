SELECT {eight}
FROM company WHERE status = 'ACTIVE' AND (name, id) > (:after_name, :after_key::uuid) ORDER BY name, id LIMIT 51;
