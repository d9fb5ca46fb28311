SELECT {eight}
FROM company ORDER BY id LIMIT 51;
