create table item(id integer primary key, kind text, note text, data blob);
with recursive n(i) as (values(1) union all select i + 1 from n where i < 6000)
insert into item select i, 'kind' || (i * 7919 % 97), printf('%.*c', i * 31 % 300, 'x'), zeroblob(i * 17 % 900) from n;
create index by_kind on item(kind, id);
select kind, count(*), sum(length(note)), max(length(data)) from item group by kind order by 3 desc limit 5;
delete from item where id % 3 = 0;
update item set note = note || note where id % 5 = 0;
select count(*), group_concat(distinct kind) is not null from item;
select a.kind, count(*) from item a join item b on a.kind = b.kind and b.id < a.id + 40 and a.id < b.id group by 1 order by 2 desc, 1 limit 3;
