"""Writes ONNX's public operator tests as JSON lines, for node-tests.test.ts.

Usage: python export_node_tests.py OUT
Three sources, each with the outputs that its publisher states:
  node      onnx.backend.test.case.node, the tests that ONNX itself defines for its operators
  pytorch   the models and data that PyTorch exported, in the folders of the onnx wheel (opset 6: ONNX's own
            converter takes them to 7, the oldest that neuronbook reads)
  older     forms that operators had in older opsets, built here; their outputs come from onnx.reference or,
            where it has only the newer form, from NumPy written below
"""
import base64
import glob
import json
import os
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, checker, helper, numpy_helper, version_converter
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

warnings.filterwarnings("ignore")
NEWEST = 24  # of the opsets that neuronbook reads
LARGEST = 200_000  # bytes of one case's tensors
random = np.random.default_rng(0)


def packed(name, value):
    """One tensor as {name, dtype, dims, data}; None where the value is not a dense tensor of a supported type."""
    if not isinstance(value, np.ndarray):
        if not np.isscalar(value):
            return None
        value = np.asarray(value)
    if value.dtype.kind in "OUS":
        return {"name": name, "dtype": "string", "dims": value.shape, "data": [str(v) for v in value.flatten()]}
    if value.dtype.name not in {
        "float16", "float32", "float64", "bool",
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    }:  # fmt: skip
        return None
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"name": name, "dtype": value.dtype.name, "dims": value.shape, "data": data}


def at_readable_opset(model):
    """The same model with a newer opset than neuronbook reads relabelled, where ONNX finds it valid so."""
    imported = next(o for o in model.opset_import if o.domain == "")
    if imported.version > NEWEST:
        imported.version = NEWEST
        checker.check_model(model)
    return model


def write(out, source, name, model, inputs, outputs, rtol=1e-3, atol=1e-7):
    domains = {o.domain for o in model.opset_import}
    if not domains <= {"", "ai.onnx"}:
        return "another domain"
    try:
        model = at_readable_opset(model)
    except checker.ValidationError:
        return "exists only in a newer opset"
    # node inputs and outputs that are left out have no name in the graph
    ins = [packed(info.name, value) for info, value in zip(model.graph.input, inputs)]
    outs = [packed(info.name, value) for info, value in zip(model.graph.output, outputs)]
    if None in ins or None in outs:
        return "not dense tensors of a supported type"
    if sum(len(t["data"]) for t in ins + outs) > LARGEST:
        return "large"
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    record = {
        "source": source, "name": name, "opset": opset,
        "model": base64.b64encode(model.SerializeToString()).decode(),
        "inputs": ins, "outputs": outs, "rtol": rtol, "atol": atol,
    }  # fmt: skip
    out.write(json.dumps(record) + "\n")
    return "written"


def node_cases(out):
    for case in collect_testcases(None):
        inputs, outputs = case.data_sets[0]
        yield write(out, "node", case.name, case.model, inputs, outputs, case.rtol, case.atol)


def pytorch_cases(out):
    root = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
    for folder in sorted(glob.glob(f"{root}/pytorch-*/test_*") + glob.glob(f"{root}/simple/test_*")):
        model = onnx.load(f"{folder}/model.onnx")
        if {o.domain for o in model.opset_import} - {"", "ai.onnx"}:
            continue
        if model.opset_import[0].version < 7:
            try:
                model = version_converter.convert_version(model, 7)
            except Exception:
                yield "not converted by ONNX"
                continue
        data = {}
        for kind in ("input", "output"):
            files = sorted(glob.glob(f"{folder}/test_data_set_0/{kind}_*.pb"), key=lambda f: int(f[:-3].split("_")[-1]))
            tensors = [TensorProto.FromString(open(file, "rb").read()) for file in files]
            data[kind] = tensors
        initializers = {t.name for t in model.graph.initializer}
        kept = [info for info in model.graph.input if info.name not in initializers]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        try:
            values = {kind: [numpy_helper.to_array(t) for t in tensors] for kind, tensors in data.items()}
        except Exception:
            yield "not dense tensors of a supported type"
            continue
        yield write(out, "pytorch", os.path.basename(folder), model, values["input"], values["output"])


def x(*dims, dtype=np.float32):
    return random.standard_normal(dims).astype(dtype)


def i64(*values):
    return np.array(values, np.int64)


def flattened(rule, axis):
    """Softmax and its like before opset 13: on the matrix that `axis` cuts the dims into."""

    def apply(value):
        rows = value.reshape(int(np.prod(value.shape[:axis])), -1).astype(np.float64)
        shifted = np.exp(rows - rows.max(1, keepdims=True))
        p = shifted / shifted.sum(1, keepdims=True)
        return (p if rule == "Softmax" else np.log(p)).reshape(value.shape).astype(np.float32)

    return apply


def resized(mode, scales):
    """Resize 10 and Upsample: asymmetric coordinates x/scale; nearest rounds down; edges are held."""

    def along(value, axis, scale):
        size = value.shape[axis]
        at = np.arange(int(np.floor(size * scale))) / scale
        low = np.minimum(np.floor(at).astype(int), size - 1)
        if mode == "nearest":
            return value.take(low, axis)
        high = np.minimum(low + 1, size - 1)
        weight = (at - low).reshape([-1 if i == axis else 1 for i in range(value.ndim)])
        return value.take(low, axis) * (1 - weight) + value.take(high, axis) * weight

    def apply(value, *_):
        result = value
        for axis, scale in enumerate(scales):
            result = along(result, axis, scale) if scale != 1 else result
        return result.astype(np.float32)

    return apply


def normalized(value, scale, bias, mean, variance, epsilon=1e-5):
    column = lambda v: v.reshape([1, -1] + [1] * (value.ndim - 2))
    scaled = (value - column(mean)) / np.sqrt(column(variance) + epsilon)
    return (scaled * column(scale) + column(bias)).astype(np.float32)


def top_k(opset):
    """Before opset 10, k was an attribute."""
    value = x(3, 5)
    order = np.argsort(-value, 1)[:, :2]
    expected = lambda *_: (np.take_along_axis(value, order, 1), order)
    return ([value], {"k": 2}, expected) if opset < 10 else ([value, i64(2)], {}, expected)


def hardmax(axis):
    """Before opset 13: one maximum in each row of the matrix that `axis` cuts the dims into."""

    def apply(value):
        rows = value.reshape(int(np.prod(value.shape[:axis])), -1)
        return np.eye(rows.shape[1], dtype=np.float32)[rows.argmax(1)].reshape(value.shape)

    return apply


def grouped(value, scale, bias):
    """GroupNormalization 18: one scale and bias per group."""
    rows = value.reshape(2, 2, -1).astype(np.float64)
    normal = (rows - rows.mean(2, keepdims=True)) / np.sqrt(rows.var(2, keepdims=True) + 1e-5)
    return (normal * scale[:, None] + bias[:, None]).reshape(value.shape).astype(np.float32)


def spectrum(axis):
    """DFT 17 of real numbers, whose axis is an attribute."""

    def apply(value):
        made = np.fft.fft(value[..., 0], axis=axis)
        return np.stack([made.real, made.imag], -1).astype(np.float32)

    return apply


def scattered(value, indices, updates):
    """Scatter 9 along axis 0."""
    made = value.copy()
    np.put_along_axis(made, indices, updates, 0)
    return made


def diagonal(image, _):
    """The corners and the middle of a 3×3 image."""
    return image[:, :, [0, 1, 2], [0, 1, 2]][:, :, None]


def older_forms():
    """(name, opset, op, inputs, attributes, expected or None for onnx.reference); numpy arrays are fed."""
    for opset in (7, 11, 12):
        yield "squeeze", opset, "Squeeze", [x(1, 3, 1, 2)], {"axes": [0, 2]}, None
        yield "squeeze_all", opset, "Squeeze", [x(1, 3, 1, 2)], {}, None
        yield "unsqueeze", opset, "Unsqueeze", [x(3, 2)], {"axes": [0, 3]}, None
        yield "reduce_sum", opset, "ReduceSum", [x(2, 3, 4)], {"axes": [1], "keepdims": 0}, None
        yield "reduce_sum_all", opset, "ReduceSum", [x(2, 3, 4)], {}, None
        yield "split", opset, "Split", [x(6, 2)], {"axis": 0, "split": [1, 2, 3]}, None
        yield "split_even", opset, "Split", [x(6, 2)], {"axis": 0}, None
        for op in ("Softmax", "LogSoftmax"):
            yield f"{op}_default", opset, op, [x(2, 3, 4)], {}, flattened(op, 1)
            yield f"{op}_axis_0", opset, op, [x(2, 3, 4)], {"axis": 0}, flattened(op, 0)
            yield f"{op}_last", opset, op, [x(2, 3, 4)], {"axis": 2}, flattened(op, 2)
    yield "unsqueeze_negative", 11, "Unsqueeze", [x(3, 2)], {"axes": [-1]}, None
    yield "reduce_sum_negative", 11, "ReduceSum", [x(2, 3, 4)], {"axes": [-1]}, None
    for opset in (7, 11, 13, 17):
        for op in ("Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"):
            data = np.abs(x(2, 3, 4)) + np.float32(0.1)
            yield f"reduce_{op}", opset, f"Reduce{op}", [data], {"axes": [0, 2], "keepdims": 0}, None
        yield "reduce_mean_all", opset, "ReduceMean", [x(2, 3)], {"keepdims": 1}, None
    for opset in (7, 10):
        yield "clip", opset, "Clip", [x(3, 4)], {"min": -0.5, "max": 0.25}, None
        yield "clip_min", opset, "Clip", [x(3, 4)], {"min": 0.0}, None
        yield "pad", opset, "Pad", [x(2, 3)], {"pads": [0, 1, 2, 3], "value": 1.5}, None
        yield "pad_reflect", opset, "Pad", [x(2, 4)], {"pads": [0, 2, 0, 1], "mode": "reflect"}, None
        yield "pad_edge", opset, "Pad", [x(2, 4)], {"pads": [1, 2, 0, 1], "mode": "edge"}, None
        yield "dropout", opset, "Dropout", [x(3, 4)], {"ratio": 0.7}, lambda v: v
    for opset in (7, 9):
        attributes = {"starts": [1, -3], "ends": [1000, -1], "axes": [0, 2]}
        yield "slice", opset, "Slice", [x(3, 2, 5)], attributes, None
        yield "slice_no_axes", opset, "Slice", [x(3, 2, 5)], {"starts": [0, 1], "ends": [2, 2]}, None
    yield "dropout_12", 12, "Dropout", [x(3, 4), np.float32(0.7)], {}, lambda v, _: v
    for opset in (7, 9, 13, 15):
        statistics = [x(3), x(3), x(3), np.abs(x(3)) + np.float32(0.5)]
        yield "batch_normalization", opset, "BatchNormalization", [x(2, 3, 4), *statistics], {}, normalized
    sized = [1.0, 1.0, 2.0, 3.0]
    for mode in ("nearest", "linear"):
        value = x(1, 2, 3, 2)
        scales = np.array(sized, np.float32)
        yield f"upsample_{mode}", 7, "Upsample", [value], {"mode": mode, "scales": sized}, resized(mode, sized)
        yield f"upsample_{mode}", 9, "Upsample", [value, scales], {"mode": mode}, resized(mode, sized)
        yield f"resize_{mode}", 10, "Resize", [value, scales], {"mode": mode}, resized(mode, sized)
        down = np.array([1, 1, 0.5, 0.6], np.float32)
        yield f"resize_down_{mode}", 10, "Resize", [x(1, 1, 4, 5), down], {"mode": mode}, resized(mode, down)
    for opset in (7, 13, 14):
        yield "reshape", opset, "Reshape", [x(2, 3, 4), i64(0, -1, 2)], {}, None
    for opset in (7, 9, 13, 19):
        yield "cast", opset, "Cast", [np.array([-1.7, 0.2, 3.9], np.float32)], {"to": TensorProto.INT32}, None
        yield "cast_bool", opset, "Cast", [np.array([0.0, 2.0], np.float32)], {"to": TensorProto.BOOL}, None
        yield "cast_double", opset, "Cast", [i64(1, 2)], {"to": TensorProto.DOUBLE}, None
    yield "gemm_7", 7, "Gemm", [x(2, 3), x(4, 3), x(1, 4)], {"transB": 1, "alpha": 0.5, "beta": 2.0}, None
    yield "gemm_11", 11, "Gemm", [x(3, 2), x(3, 4)], {"transA": 1}, None
    yield "flatten_7", 7, "Flatten", [x(2, 3, 4)], {"axis": 2}, None
    for opset in (7, 8, 10):
        pool = {"kernel_shape": [2, 2], "strides": [1, 2], "pads": [1, 0, 0, 1]}
        yield "max_pool", opset, "MaxPool", [x(1, 2, 5, 5)], pool, None
        yield "average_pool", opset, "AveragePool", [x(1, 2, 5, 5)], pool, None
    for opset in (8, 12, 13):
        yield "max", opset, "Max", [x(3, 1), x(4)], {}, None
        yield "min", opset, "Min", [x(3, 1), x(4), x(3, 4)], {}, None
        yield "sum", opset, "Sum", [x(3, 1), x(4)], {}, None
    for opset in (7, 12):
        yield "pow", opset, "Pow", [np.abs(x(3, 4)), x(4)], {}, None
        yield "arg_max", opset, "ArgMax", [x(3, 4)], {"axis": 1, "keepdims": 0}, None
        yield "gather", opset, "Gather", [x(3, 4), i64(2, 0)], {"axis": 0}, None
        yield "less", opset, "Less", [x(3, 4), x(4)], {}, None
        yield "equal", opset, "Equal", [i64(1, 2, 3), i64(1)], {}, None
        yield "top_k", opset, "TopK", *top_k(opset)
    for opset in (7, 11, 12):
        yield "hardmax_default", opset, "Hardmax", [x(2, 3, 4)], {}, hardmax(1)
        yield "hardmax_last", opset, "Hardmax", [x(2, 3, 4)], {"axis": 2}, hardmax(2)
    for opset in (7, 11, 21):
        norm = lambda v: np.sqrt((v.astype(np.float64) ** 2).sum((2, 3), keepdims=True)).astype(np.float32)
        yield "global_lp_pool", opset, "GlobalLpPool", [x(2, 3, 4, 2)], {}, norm
        pairs = lambda v: np.abs(v.reshape(1, 2, 3, 2)).sum(3)
        yield "lp_pool", opset, "LpPool", [x(1, 2, 6)], {"kernel_shape": [2], "strides": [2], "p": 1}, pairs
    yield "group_normalization_18", 18, "GroupNormalization", [x(2, 4, 3), x(2), x(2)], {"num_groups": 2}, grouped
    for opset in (17, 19):
        yield "dft_axis", opset, "DFT", [x(2, 3, 4, 1)], {"axis": 2}, spectrum(2)
        yield "dft_default", opset, "DFT", [x(2, 3, 4, 1)], {}, spectrum(1)
    places = np.array([[[[-1, -1], [0, 0], [1, 1]]]], np.float32)
    yield "grid_sample_16", 16, "GridSample", [x(1, 2, 3, 3), places], {"mode": "bilinear", "align_corners": 1}, diagonal
    yield "depth_to_space_7", 7, "DepthToSpace", [x(1, 8, 2, 3)], {"blocksize": 2}, None
    ones = np.array([[2, 0.5, 0.5], [0.5, 0.5, 2]], np.float32)
    yield "one_hot_9", 9, "OneHot", [i64(0, 2), i64(3), np.array([0.5, 2], np.float32)], {}, lambda *_: ones
    yield "eye_like_9", 9, "EyeLike", [x(2, 3)], {"k": 1}, None
    yield "thresholded_relu_10", 10, "ThresholdedRelu", [x(3, 4)], {"alpha": 0.3}, None
    yield "scatter_9", 9, "Scatter", [x(3, 3), i64(1, 0, 2).reshape(1, 3), x(1, 3)], {"axis": 0}, scattered
    yield "conv_transpose_11", 11, "ConvTranspose", [x(1, 2, 3, 3), x(2, 3, 2, 2)], {"strides": [2, 2]}, None


def older_cases(out):
    for name, opset, op, inputs, attributes, expected in older_forms():
        count = {"Split": len(attributes.get("split", [0, 0])), "TopK": 2}.get(op, 1)
        names = [f"x{i}" for i in range(len(inputs))]
        made = [f"y{i}" for i in range(count)]
        infos = [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.asarray(v).dtype), np.shape(v))
            for n, v in zip(names, inputs)
        ]
        outs = [helper.make_value_info(n, onnx.TypeProto()) for n in made]
        graph = helper.make_graph([helper.make_node(op, names, made, **attributes)], name, infos, outs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        if expected:
            values = expected(*inputs)
            values = values if isinstance(values, tuple) else (values,)
        else:
            values = ReferenceEvaluator(model).run(None, dict(zip(names, map(np.asarray, inputs))))
        for i, (n, value) in enumerate(zip(made, values)):
            dtype = helper.np_dtype_to_tensor_dtype(np.asarray(value).dtype)
            graph.output[i].CopyFrom(helper.make_tensor_value_info(n, dtype, np.shape(value)))
        del model.graph.output[:]
        model.graph.output.extend(graph.output)
        if name != "group_normalization_18":  # which the checker calls deprecated; exporters wrote it for years
            checker.check_model(model, full_check=True)
        yield write(out, "older", f"{name}_opset_{opset}", model, inputs, values)


def main(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    counts = {}
    with open(path + ".part", "w") as out:
        for source in (node_cases, pytorch_cases, older_cases):
            for outcome in source(out):
                key = f"{source.__name__.split('_')[0]}: {outcome}"
                counts[key] = counts.get(key, 0) + 1
        # the last line tells what was written and what was not
        out.write(json.dumps({"counts": counts}) + "\n")
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main(sys.argv[1])
