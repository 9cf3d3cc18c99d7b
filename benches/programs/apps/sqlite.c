/* A database: SQLite keeps tables in memory, fills and changes them, joins, sorts and groups. */
#include "../bench.h"
#include "sqlite3.h"
#include <stdio.h>

static u32 sum;

static void query(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    while (*sql && sqlite3_prepare_v2(db, sql, -1, &statement, &sql) == SQLITE_OK && statement) {
        while (sqlite3_step(statement) == SQLITE_ROW)
            for (int i = 0; i < sqlite3_column_count(statement); i++) {
                const void *text = sqlite3_column_text(statement, i);
                sum = mix_bytes(sum, text, (size_t)sqlite3_column_bytes(statement, i));
            }
        sum = mix(sum, (u32)sqlite3_finalize(statement));
    }
}

u32 run(u32 n) {
    char insert[400];
    sqlite3 *db;
    sum = 0;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 1;
    query(db, "create table item(id integer primary key, name text, kind int, price int);"
              "create table sale(item int, amount int); create index sale_item on sale(item);");
    snprintf(insert, sizeof insert,
             "with recursive c(i) as (select 1 union all select i + 1 from c where i < %u)"
             "insert into item select i, 'item ' || (i * 7919 %% 1009), i %% 17, i * 31 %% 977 from c;"
             "with recursive c(i) as (select 1 union all select i + 1 from c where i < %u)"
             "insert into sale select i * 13 %% %u, i %% 7 from c;", n, n * 2, n);
    query(db, "begin");
    query(db, insert);
    query(db, "commit;"
              "select kind, count(*), sum(price * amount) from item join sale on item = id group by kind order by 3;"
              "select name, price from item where name like '%9%' order by price desc, id limit 50;"
              "update item set price = price + 1 where kind in (3, 5, 7) and id % 3 = 0;"
              "create index item_name on item(name);"
              "select count(distinct name), max(price), total(price) from item where name between 'item 2' and 'item 6';"
              "delete from sale where amount = 3; select count(*) from sale;"
              "select upper(substr(name, 3, 5)), length(name), hex(id) from item where id % 11 = 4 order by name, id limit 300;"
              "select a.kind, max(b.price) from item a left join item b on b.name = a.name and b.id > a.id group by a.kind;"
              "pragma integrity_check;");
    sqlite3_close(db);
    return sum;
}

/* The only system there is has no files and no time: built with SQLITE_OS_OTHER. */
static int open_none(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs, (void)name, (void)flags, (void)out;
    file->pMethods = NULL;
    return SQLITE_CANTOPEN;
}
static int delete_none(sqlite3_vfs *vfs, const char *name, int sync) { return (void)vfs, (void)name, (void)sync, SQLITE_OK; }
static int access_none(sqlite3_vfs *vfs, const char *name, int flags, int *out) { return (void)vfs, (void)name, (void)flags, *out = 0, SQLITE_OK; }
static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) { return (void)vfs, snprintf(out, (size_t)size, "%s", name), SQLITE_OK; }
static int randomness(sqlite3_vfs *vfs, int size, char *out) { return (void)vfs, memset(out, 7, (size_t)size), size; }
static int sleep_none(sqlite3_vfs *vfs, int microseconds) { return (void)vfs, microseconds; }
static int no_time(sqlite3_vfs *vfs, double *out) { return (void)vfs, *out = 2460000.5, SQLITE_OK; }

int sqlite3_os_init(void) {
    static sqlite3_vfs none = {
        .iVersion = 1, .szOsFile = sizeof(sqlite3_file), .mxPathname = 64, .zName = "none", .xOpen = open_none, .xDelete = delete_none,
        .xAccess = access_none, .xFullPathname = full_path, .xRandomness = randomness, .xSleep = sleep_none, .xCurrentTime = no_time,
    };
    return sqlite3_vfs_register(&none, 1);
}
int sqlite3_os_end(void) { return SQLITE_OK; }
