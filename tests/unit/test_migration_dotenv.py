import pytest

from revgate.migration.errors import InvalidOptions
from revgate.migration.settings.dotenv import parse_dotenv, read_dotenv


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("\n  \n# NAME=value\n   # another\n", {}),
        ("NAME=value", {"NAME": "value"}),
        ("NAME=value\n", {"NAME": "value"}),
        ("  export NAME = value  \n", {"NAME": "value"}),
        ("export=value", {"export": "value"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("app.log-level=info", {"app.log-level": "info"}),
        ("NAME=", {"NAME": ""}),
        ("NAME=\nOTHER=1", {"NAME": "", "OTHER": "1"}),
        ("NAME=''\nOTHER=\"\"", {"NAME": "", "OTHER": ""}),
    ],
)
def test_settings_comments_and_empty_lines(text, settings):
    assert parse_dotenv(text) == settings


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("two words", "two words"),
        ("value # a comment", "value"),
        ("value\t#a comment", "value"),
        ("value#none", "value#none"),
        ("#none", "#none"),
        (" # a comment", ""),
        ("it's", "it's"),
        ('{"a": 1}', '{"a": 1}'),
        ("a=b=c", "a=b=c"),
        ("$HOME ${HOME}", "$HOME ${HOME}"),
        (r"C:\new", r"C:\new"),
        ("postgresql://me:p%40#w@db/books?a=b#c", "postgresql://me:p%40#w@db/books?a=b#c"),
        ("'value'  # a comment", "value"),
        ("'value'#a comment", None),
        ("'# no comment'", "# no comment"),
        (r"'as \n it $is'", r"as \n it $is"),
        ("'say \"so\"'", 'say "so"'),
        ("'over\ntwo lines'", "over\ntwo lines"),
        ('"# no comment"  # a comment', "# no comment"),
        (r'"a\nb\tc\r\\n \"q\" \$x \d"', 'a\nb\tc\r\\n "q" $x \\d'),
        ('"$HOME ${HOME}"', "$HOME ${HOME}"),
        ('"over\ntwo lines"', "over\ntwo lines"),
        ('"' + r"ends with \\" + '"', "ends with \\"),
    ],
)
def test_values_with_and_without_quotes(written, value):
    text = f"BEFORE=1\nNAME={written}\nAFTER=2\n"
    if value is None:
        with pytest.raises(InvalidOptions, match="Line 2 of"):
            parse_dotenv(text)
    else:
        assert parse_dotenv(text) == {"BEFORE": "1", "NAME": value, "AFTER": "2"}


@pytest.mark.parametrize(
    "line",
    [
        "hunter2",
        "export NAME_hunter2",
        "=hunter2",
        "2NAME=hunter2",
        "NA ME=hunter2",
        "NAME: hunter2",
        "NAME='hunter2",
        'NAME="hunter2',
        'NAME="hunter2\\"',
        "NAME='hunter2' and more",
        "NAME='it\\'s hunter2'",
        "NAME=\"hunter2\"'b'",
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line_and_never_shown(line):
    with pytest.raises(InvalidOptions) as caught:
        parse_dotenv(f"# first\n\nTWO='of\nthese'\n{line}\n", "conf/.env")
    assert str(caught.value).startswith("Line 5 of conf/.env could not be understood: write NAME=value")
    assert "hunter2" not in str(caught.value)


def test_nothing_is_there_when_the_file_is_not(tmp_path):
    assert read_dotenv(tmp_path / ".env") == {}


def test_the_file_is_that_of_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("NAME=hier\n")
    monkeypatch.chdir(tmp_path)
    assert read_dotenv() == {"NAME": "hier"}


def test_the_mark_that_editors_put_first_is_no_part_of_a_name(tmp_path):
    (tmp_path / ".env").write_bytes("\ufeffNAME=grün\n".encode())
    assert read_dotenv(tmp_path / ".env") == {"NAME": "grün"}


def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path):
    with pytest.raises(InvalidOptions, match=r"could not be read: Is a directory$"):
        read_dotenv(tmp_path)
    (tmp_path / ".env").write_bytes(b"NAME=hunter2\xff\n")
    with pytest.raises(InvalidOptions, match=r"could not be read: it is not UTF-8$") as caught:
        read_dotenv(tmp_path / ".env")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
