"""pixhaul.img2dataset: its signature, its errors, its lines, and the folder that stands in its place."""

import inspect
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from pixhaul import _core, img2dataset
from pixhaul.img2dataset import shim
from pixhaul.img2dataset.main import literal


@pytest.fixture
def urls(origin, tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("".join(url + "\n" for url in [*origin.images(4), origin.url("/status/404")]))
    return path


def test_the_signature_is_the_table():
    parameters = inspect.signature(img2dataset.download).parameters
    table = _core.img2dataset_table()
    assert list(parameters) == [line["name"] for line in table]
    defaults = _core.Img2datasetParameters()
    for name, parameter in list(parameters.items())[1:]:
        defaults.set(name, literal(parameter.default))
    for line in table:
        assert defaults.text(line["name"]) == line["default"]


@pytest.mark.parametrize("value", ["it's", 'a"b', "None", "ä\n", 3, 0.5, float("inf"), True, None, ["a", "b'c"], []])
def test_values_reach_the_engine_as_they_are(value):
    name = {str: "wandb_project" if value != "None" else "caption_col", int: "image_size", float: "max_image_area",
            bool: "extract_exif", type(None): "caption_col", list: "save_additional_columns"}[type(value)]
    parameters = _core.Img2datasetParameters()
    parameters.set(name, literal(value))
    read = parameters.text(name)
    assert (float(read) if isinstance(value, float) else eval(read)) == value


def test_a_list_becomes_a_folder(urls, tmp_path, capsys):
    output = tmp_path / "out"
    assert img2dataset.download(str(urls), 64, str(output), number_sample_per_shard=2) is None
    assert sorted(path.name for path in (output / "00000").iterdir()) == [
        "000000.jpg", "000000.json", "000001.jpg", "000001.json"]
    assert json.loads((output / "00002_stats.json").read_text())["status_dict"] == {"HTTP Error 404: Not Found": 1}
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Starting the downloading of this file"
    assert sum(line.startswith("worker  - success: ") for line in said) == 3
    assert said[-1].startswith("total   - success: 0.800 - failed to download: 0.200 - failed to resize: 0.000 - ")
    assert said[-1].endswith(" - count: 5")


def test_what_it_refuses_is_a_value_error_and_leaves_nothing(urls, tmp_path):
    output = tmp_path / "out"
    with pytest.raises(ValueError, match="^Invalid option for resize_mode: big$"):
        img2dataset.download(str(urls), resize_mode="big", output_folder=str(output))
    with pytest.raises(ValueError, match="No file found at path"):
        img2dataset.download(str(tmp_path), input_format="parquet", output_folder=str(output))
    with pytest.raises(ValueError, match="pixhaul.spark"):
        img2dataset.download(str(urls), distributor="pyspark", output_folder=str(output))
    assert not output.exists()


def test_any_thread_may_call_it(urls, tmp_path):
    output = tmp_path / "out"
    thread = threading.Thread(target=img2dataset.download, args=(urls,), kwargs={"output_folder": output})
    thread.start()
    thread.join()
    assert (output / "00000_stats.json").exists()


def test_the_command_line(urls, tmp_path, capsys):
    def code(*arguments):
        with pytest.raises(SystemExit) as end:
            img2dataset.main([str(argument) for argument in arguments])
        return end.value.code

    assert code(urls, "--output-folder", tmp_path / "out", "--noextract_exif") == 0
    assert code(urls, "--resize_mode=big") == 2
    assert "pixhaul: Invalid option for resize_mode: big\n" in capsys.readouterr().err
    assert code(tmp_path / "missing.txt", "--output_folder", tmp_path / "none") == 3
    assert code("--help") == 0
    assert "--disallowed_header_directives (list[str] | None)" in capsys.readouterr().out


def test_the_shim_stands_in_its_place(urls, tmp_path):
    package = pathlib.Path(shim.write(tmp_path / "shim"))
    assert {path.stem for path in package.glob("*.py")} == {"__init__", "__main__", *shim.MODULES}
    program = ("from img2dataset import download, main\n"
               "from img2dataset.main import download as again\n"
               "import img2dataset\n"
               "assert download is again and callable(main) and callable(img2dataset.main)\n"
               "from img2dataset.resizer import Resizer\n"
               "from img2dataset.reader import Reader\n"
               "from img2dataset import blurrer, distributor, downloader, logger, writer\n"
               "assert Resizer.__module__ == 'pixhaul.img2dataset.resizer' and callable(writer.FilesSampleWriter)\n"
               f"download({str(urls)!r}, output_folder={str(tmp_path / 'out')!r})\n")
    path = os.pathsep.join([str(package.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert len(list((tmp_path / "out" / "00000").glob("*.jpg"))) == 4
    subprocess.run([sys.executable, "-m", "img2dataset", str(urls), "--output_folder", str(tmp_path / "again")],
                   env=environment, check=True)
    assert (tmp_path / "again" / "00000_stats.json").exists()
