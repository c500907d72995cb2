-- How a cell of text becomes a value. Grain: cell. Reads: nothing; the staging templates call these macros.
-- Every macro takes the fast way for the usual form, because a CASE evaluates its later branches for the other rows only.

-- All Unicode blanks, zero-width characters and the byte order mark. Variables, because a macro's text is bound anew at
-- each of its many uses, and a variable is one constant.
set variable blanks =
    chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' ' || chr(133) || chr(160) || chr(5760) || chr(6158)
    || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8199) || chr(8200)
    || chr(8201) || chr(8202) || chr(8203) || chr(8204) || chr(8205) || chr(8232) || chr(8233) || chr(8239) || chr(8287)
    || chr(8288) || chr(12288) || chr(65279);

-- Full-width forms and blanks, and what each of them is folded to.
set variable wide =
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～'
    || getvariable('blanks');
set variable narrow =
    '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
    || repeat(' ', length(getvariable('blanks')));

create or replace macro blanks() as getvariable('blanks');

-- Whether a cell has a blank at an end, or is empty.
create or replace macro untidy(cell) as contains(blanks(), cell[1]) or contains(blanks(), cell[-1]);

-- Free text: trimmed, otherwise as written; blanks only is null.
create or replace macro tidied(cell) as
    case when untidy(cell) then nullif(trim(cell, blanks()), '') else cell end;

-- Blanks inside: a run of them becomes one, between two Chinese characters it goes. Twice, for a match takes its ends.
create or replace macro between_chinese(cell) as regexp_replace(cell, '([\x{3005}\x{3007}\x{3400}-\x{9FFF}]) ([\x{3005}\x{3007}\x{3400}-\x{9FFF}])', '\1\2', 'g');
create or replace macro inside(cell) as between_chinese(between_chinese(regexp_replace(cell, '\s+', ' ', 'g')));

-- Codes, dates, numbers: full-width characters folded and odd blanks made plain as well.
create or replace macro folded(cell) as
    case
        -- ASCII without a blank: as it is. Searching for six characters is faster than a pattern.
        when strlen(cell) = length(cell) and not contains(cell, ' ')
            and not contains(cell, chr(9)) and not contains(cell, chr(10)) and not contains(cell, chr(11))
            and not contains(cell, chr(12)) and not contains(cell, chr(13)) then nullif(cell, '')
        when strlen(cell) = length(cell) and not regexp_matches(cell, '\s\s|[\n\r\t]') then tidied(cell)
        when not regexp_matches(cell, '[^!-~\x{3001}-\x{9FFF}]') then cell -- neither blanks nor full-width forms
        else nullif(inside(trim(translate(cell, getvariable('wide'), getvariable('narrow')), blanks())), '')
    end;

-- The days that a number names by itself: a day, a year and month, or a year, at its first digits. Null for none.
create or replace macro digits_of_day(number) as
    translate(regexp_extract(number, '(?:^|\D)((?:19|20)\d\d[-/._]?(?:0[1-9]|1[0-2])[-/._]?(?:0[1-9]|[12]\d|3[01]))', 1), '-/._', '');
create or replace macro digits_of_month(number) as
    translate(regexp_extract(number, '(?:^|\D)((?:19|20)\d\d[-/._]?(?:0[1-9]|1[0-2]))[-/._]\d', 1), '-/._', '');
create or replace macro digits_of_year(number) as regexp_extract(number, '(?:^|\D)((?:19|20)\d\d)[-/._年〕\])）]', 1);
create or replace macro dated_first(number) as
    cast(coalesce(try_strptime(digits_of_day(number), '%Y%m%d'), try_strptime(digits_of_month(number) || '01', '%Y%m%d'),
        try_strptime(digits_of_year(number) || '0101', '%Y%m%d')) as date);
create or replace macro dated_last(number) as
    cast(coalesce(try_strptime(digits_of_day(number), '%Y%m%d'),
        last_day(try_strptime(digits_of_month(number) || '01', '%Y%m%d')),
        try_strptime(digits_of_year(number) || '1231', '%Y%m%d')) as date);
create or replace macro outside_days(first_day, last_day_of, start_day, end_day) as last_day_of < start_day or first_day >= end_day;

-- A number without the zeros that a spreadsheet takes off its parts.
create or replace macro without_zeros(number) as regexp_replace(lower(number), '(^|\D)0+(\d)', '\1\2', 'g');

-- The usual forms of a moment, `2026-07-02 09:05:00` first, read fast; anything else is null.
create or replace macro as_plain_moment(cell) as
    case
        when strlen(cell) = 19 and cell >= '0001' and cell like '____-__-__ __:__:__' and not ends_with(cell, ' ')
            and try_strptime(cell, '%Y-%m-%d %H:%M:%S') is not null
            then try_strptime(cell, '%Y-%m-%d %H:%M:%S')
        when cell >= '0001' and regexp_full_match(cell, '\d{4}[-/]\d\d?[-/]\d\d?[ T]\d\d?:\d\d(:\d\d)?')
            then try_strptime(cell, ['%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S',
                '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M', '%Y/%m/%dT%H:%M:%S', '%Y/%m/%dT%H:%M'])
    end;

-- `2026/7/2T9:05:00,5 +0800` written plainly: `2026-7-2 9:05:00.5+0800`, at most six digits of a second.
create or replace macro plain_moment(cell) as
    regexp_replace(regexp_replace(
        translate(regexp_replace(upper(cell), ' *([TZ+]) *| +(-)', '\1\2', 'g'), '/T,', '- .'),
        ' +', ' ', 'g'), '(\.\d{6})\d+', '\1');

-- With an offset the moment is converted to the session's local time, without one it is local already. The first and the
-- last year are left out where an offset could lead beyond them.
create or replace macro as_zoned(cell) as
    case
        when regexp_matches(cell, '(Z|[+]\d+:?\d*|:\d\d(\.\d+)?-\d+:?\d*)$')
            then case when cell >= '0002' and cell < '9999' then cast(try_cast(cell as timestamptz) as timestamp) end
        else try_cast(cell as timestamp)
    end;

-- Moments and days as people and programs write them otherwise, brought to the plain form: `2026年7月2日 9时5分`,
-- `2026.7.2 9:05`, `2026-07-02 下午 3:05:00`, `2026年7月2日 下午3时5分`, `2026-07-02T09:05:00+08:00[Asia/Shanghai]`.
create or replace macro plain_numerals(cell) as
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        cell, '^(\d{4})[年.] *(\d{1,2})[月.] *(\d{1,2})[日号]?', '\1-\2-\3 '),
        '(\d{1,2})[时点] *(\d{1,2})分 *(\d{1,2})秒$', '\1:\2:\3'),
        '(\d{1,2})[时点] *(\d{1,2})分?$', '\1:\2'),
        ':(\d)(:|$)', ':0\1\2', 'g'),
        '\[[A-Za-z_]+/[A-Za-z_]+\]$', '');

create or replace macro as_twelve_hours(cell) as
    try_strptime(
        regexp_replace(replace(replace(cell, '上午', 'AM '), '下午', 'PM '), '^(\S+) +([AP]M) +(\S+)$', '\1 \3 \2'),
        ['%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M %p', '%Y/%m/%d %I:%M:%S %p', '%Y/%m/%d %I:%M %p']);

-- Seconds count, what is less is cut.
create or replace macro as_usual_moment(cell) as
    case
        when regexp_full_match(cell, '\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)')
            and cell >= '0002' and cell < '9999' then date_trunc('second', cast(try_cast(cell as timestamptz) as timestamp))
        when regexp_full_match(cell, '(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2})( *[Tt] *| +)'
            || '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?( *([Zz]|[+-](0\d|1[0-4])(:?[0-5]\d)?))?')
            and cell >= '0001' then date_trunc('second', as_zoned(plain_moment(cell)))
    end;

-- The usual forms of a day and of numbers.
create or replace macro as_plain_date(cell) as
    case when strlen(cell) = 10 and cell >= '0001' and cell like '____-__-__' then try_strptime(cell, '%Y-%m-%d')::date end;
create or replace macro as_plain_integer(cell) as case when regexp_full_match(cell, '\d{1,15}') then try_cast(cell as bigint) end;
create or replace macro as_plain_decimal(cell) as
    case when regexp_full_match(cell, '-?\d{1,15}(\.\d\d?)?') then try_cast(cell as decimal(18, 2)) end;

-- A moment with date and time; anything else, a date alone too, is null.
create or replace macro as_moment(cell) as
    case
        when regexp_matches(cell, '[年时点\]]|^\d{4}\.') and plain_numerals(cell) <> cell
            then case when regexp_matches(cell, '上午|下午') then as_twelve_hours(trim(plain_numerals(cell)))
                else as_usual_moment(trim(plain_numerals(cell))) end
        when regexp_matches(cell, '^[0-9/-]+ *(上午|下午)') then as_twelve_hours(cell)
        else as_usual_moment(cell)
    end;

-- A day; a moment is one only at midnight.
create or replace macro as_day(cell) as
    case
        when regexp_full_match(cell, '\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}')
            then case when cell >= '0001' then try_cast(replace(cell, '/', '-') as date) end
        when regexp_full_match(cell, '(\d{4})[年.] *(\d{1,2})[月.] *(\d{1,2})[日号]?')
            then try_cast(trim(plain_numerals(cell)) as date)
        when date_trunc('day', as_moment(cell)) = as_moment(cell) then cast(as_moment(cell) as date)
    end;

create or replace macro as_yes_no(cell) as
    case
        when lower(cell) in ('true', '1', '1.0', 'yes', '是') then true
        when lower(cell) in ('false', '0', '0.0', 'no', '否') then false
    end;

-- Rounds to two decimals; a promise of kind `decimals` refuses what would lose a digit.
create or replace macro as_decimal(cell) as
    case when regexp_full_match(cell, '[+-]?(\d+(\.\d*)?|\.\d+)') then try_cast(cell as decimal(18, 2)) end;

-- A whole number, `3` or `3.0` as spreadsheets write it.
create or replace macro as_whole(cell) as
    case when regexp_full_match(cell, '[+-]?\d+(\.0*)?') then try_cast(regexp_replace(cell, '\.0*$', '') as bigint) end;
