from __future__ import annotations

import numpy as np
import onnxruntime

import quantal as library


def test_a_model_is_written_as_a_graph_and_compared_on_given_rows(quantal, model):
    result = quantal("export", "model", "--onnx", "m.onnx", "--check", "x.npy")
    assert result.status == 0, result.err
    assert "rows of x.npy: probabilities within" in result.out
    assert "all labels equal" in result.out
    x = np.load("x.npy").astype(np.float32)
    found = onnxruntime.InferenceSession("m.onnx").run(["labels"], {"rows": x})[0]
    np.testing.assert_array_equal(found, library.load("model").predict(x))


def test_a_hasher_is_compared_on_random_rows(quantal, hasher):
    result = quantal("export", "h", "--onnx", "h.onnx")
    assert result.status == 0, result.err
    assert "compared with the model on 1,000 random rows: all bits equal" in result.out


def test_mistakes_are_one_line(quantal, hasher):
    cases = {
        (): "Say what to write: quantal export MODEL --onnx FILE.",
        ("--onnx", "h.bin"): "--onnx h.bin does not end in .onnx. Name the file FILE.onnx.",
        ("--onnx", "h.onnx", "--check", "absent.npy"): "absent.npy does not exist",
    }
    for arguments, message in cases.items():
        result = quantal("export", "h", *arguments)
        assert result.status == 2
        assert message in result.message
