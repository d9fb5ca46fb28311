from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Written by hand. The directory starts with its version; nobody but the login may enter its schema; and nobody may
# make temporary tables, which could shadow a tenant's (they are searched first). Where the login does not own the
# database, REVOKE only warns: creating a tenant checks the result and refuses.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        INSERT INTO "fieldgate"."schema_state" ("id", "version") VALUES (1, 0);
        REVOKE ALL ON SCHEMA "fieldgate" FROM PUBLIC;
        DO $do$
        BEGIN
            EXECUTE pg_catalog.format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
        END
        $do$;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DO $do$
        BEGIN
            EXECUTE pg_catalog.format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', pg_catalog.current_database());
        END
        $do$;
        DELETE FROM "fieldgate"."schema_state";"""


MODELS_STATE = (
    "eJztXG1z2jgQ/isavjSdyTENzUsnc3MzkNCWawKdQNprm45H2ALrsCXXkkOZXv77SbKN8R"
    "tgAglQf0qQdmX5eeTValfSrwozoYuMastAhGM++ejSe2wgt3IOflUItJH4J1fmEFSg40QS"
    "soDDvqWUcCCtObPifcZdqHMhMIAWQ6LIQEx3scMxJVLts4lcBCDgiEDCXzDgIOpYCMhWEB"
    "ibFHATTYB4XFU2aFBdtIjJcAVdj+AfHtI4HSJRLl/527eKr6th9TKYMc/vuG5h5Bd//y4r"
    "iIF+IiZV5E9npA0wsowYan4TqlzjE0eV3d62Lt8qSdn3vqZTy7NJJO1MuEnJVNzzsFGVOr"
    "JuiAhyIUfGDHjEs6wA8LDIfytRwF0PTbtqRAUGGkDPkhRU/hx4RJfIA/kkzePYYlWd2g7k"
    "VVly9lfQzxkdTWt3elq32dO0Soo+2Z8EK0GRTomkHhMuUfv14LcboaNKK/IBF+/rNwevT1"
    "8qPCjjQ1dVKuwqD0oRcuirKgYiyHUXSYA0yNPQX4oajm2UDX9cM0GDEahWw39WoSMsiPiI"
    "voAQ3BC+DQBeES9odIg1CQbCHAJ6retmt1e//igfZzP2w1L41XtNWVNTpZNE6YHPFxUft/"
    "/5TxsBn1u990D+BF877WaS1alc72tF9gl6nGqEjjVozIzZsDRETUhGrHuOsSLrcc2S9W1h"
    "PcRohvag9xHr6m+K7wsxEWVzHconWBZo7SKvNvypWYgMuSl+1l69mkPsp/qNMqlCKsFWO6"
    "iq+XUPMXxH4tWy8W0Sz1YYt0SfINFRCutQ9+mwrlBs6AUnq0qndXlxDqaaBVE/Ol0C9KPk"
    "FxJhLqvikEfuxrKDOtLYw2F9stSwPpkzrE/Swzpy5ArAHFPaQ6RrJyfLGJCTk3wDIusykW"
    "ZI+FYZM3MDE+hO5uIdqSYw70+46N9i1APvYVtAn4Nx46rTiE28AtlGq12/+XJwXf/nZWz2"
    "veq034Xys5Nq40uvWU+QIFYzAoqMwd6g1EKQZOM/o5VEXqhtariH65MnRr7TuYoh32j1Eq"
    "P89rrRFKZcsSCEMFfFrXYvAXZs7bjswi+mtM713/YO9gUrPLmiHowyF3g+WGl431IX4SH5"
    "gCYpxyRprv1YRm/a0G7CGpVGH44Lx9MwRHxYifc3kIX8cXtR717UL5sVhXMf6qMxdA0tB3"
    "CGGBM9ZBkGJNB8++EGWVC9Ri7aXb+VPYJbgUdrdAa0GJzpKrtmJ0sggUP1SvLZ8kkhXLqJ"
    "bNjlUBGWisPNVh/OC8ExJaixqeTC6FuHIODS8Tkw6RiI/k2AjYeuYpcBOpDxM+A/CFhYyH"
    "ITMyDDMX3IEDAhSwfl1tNkRqzuMXG4rg0tq0V4gVgcXs1cLI7CHW3KxRvK5//xunZ2+kbU"
    "qu7JH2dzLHP3un51FU5s+XG2e+SG33Mc11xIZzTWg+tz+88+uLWj47PjN69Pj6cIT0vmwe"
    "wjnJrn8g3yRq1NYJyzLE1kt+dYmRmhpQwMEzP1H5jIj5+Knzay+8itgh4dIWESxOdtM2Td"
    "IyYD9YAgMXQA42KCNw6FvDWREtiVlsFEOfZm7U9YbH4SmQP/kSpfcAi+pZMh0xr008HC/Z"
    "EhyO9lKqFMJeyC7dvNoHKZSvgdWV8mlRAZ6wJWNqZUrtsToRAXDUSlKWZMMeVqcibN+KDw"
    "ELEcfzFbf8Uw4Arz2TNFATMieI6L7jH1mPZYSBc0tKYQ6y5B61K+orWPa67B2u9OpHrLjX"
    "t6TheVpvS+9RW5ztLfw/l9nyi3IOOax1aiO6lbUr3VVGPDQtrMIrog2xnqJeFbTfjqXJc0"
    "7xDNwlkV7ulKvllMs/TNdoFlF0GWlU/I35KT1lxpX86WcRvflnN6vMSunNPj3E05siqxwy"
    "wrDp1CfV5oOVu/jH+UW0HKrSBbsjfhsPhWkLk2Yg0YZx0d2lO080xk0T04G035CvLEuwr+"
    "KllZ36j2cG7i15fTRoHgwuRvHQhR4EDsAm5CrtK0DEBdR4wBFY1kVdDiMhfrMBA0DwbYZR"
    "wcuMJdEz14CSAxAGbA8foWZiYygCfwtgCh3JTiBCGDAczTmeGnf/yad62UKd8y5Vsm/8qU"
    "b8n6o1O+o2IHQEbrPPrxrCmyTa8woTWkLuamXQTemNIenq9Z/1Ex5X7o2r/jURrnv7uddk"
    "4KOKaVtFhY5+A/ILyaHV4MZQEs8YiZpRDY6dGaGcwvMg7WyAYaqbQ8vhfoSOdXQ0R3Jw7P"
    "PGYz55RTbhPr2uawvZRs6rhT4KWvFDWe1Syjxtszd6ddNrHW0uCAZ0Um5pMcUyw53jaOt2"
    "RDfBAQzIiMRKHC/KhIFJdcbjc8ImI8iqmAoXN1FsYQZkjn1J28YLLOnQTBCjhhYKwuuMHc"
    "PyADcM7298c1eUfuSF0e2ZFhjrFwy8QbAUxUS+J9CIP+ol+14a98mX+KRx03OgSMAkKDS3"
    "hkG/7+eiRaMaE1ADY0cu/fSW2qD44wzRwfCa/gKaMmZdRkyx2gHV0/l1GT35H1ZaImzPKG"
    "Rdb1ofzexU2Ol7mZ5Dj/YpLj1L0k5XVGm73OSB6C9jKOsS93oVGk/YRXGtUveq1PzYLeQK"
    "B1Dvy/d6R72/3YbF82L8/B9N87ctm8Etak/e4chP8lPcnniWuFB7+LfAqzOnv4Oazf1gRO"
    "dVGTk1ArjfpCoF1qocIwx5RKkJcdzcXvJEgrllcTFL+aYM7GoUfeGrPHm4biA7i8Y+ep7t"
    "h5+B+8jV+m"
)
