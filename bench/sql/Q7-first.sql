SELECT {eight}
FROM company WHERE status = 'ACTIVE' ORDER BY name, id LIMIT 51;
