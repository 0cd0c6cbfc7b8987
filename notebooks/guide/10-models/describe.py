"""Writes into an ONNX file what neuronbook reads there: names for the places inside, and how pictures go in.

    from describe import describe, module_sites
    describe('mine.onnx', sites=module_sites('mine.onnx'), image={'mean': [0.3], 'std': [0.4]})

Or, for the names of a network from PyTorch alone:  python describe.py mine.onnx
"""
import json
import re
import sys

import onnx


def describe(path, sites=None, image=None):
    """sites: {name: tensor}. image: any of input, scale, mean, std, order ('rgb', 'bgr') and labels."""
    model = onnx.load(path, load_external_data=False)
    said = {prop.key: prop.value for prop in model.metadata_props}
    if sites:
        said['neuronbook.sites'] = json.dumps(sites)
    if image:
        said['neuronbook.image'] = json.dumps(image)
    onnx.helper.set_model_props(model, said)
    for node in model.graph.node:
        # PyTorch notes the lines of code that each node came from, with the folders of your computer
        kept = [prop for prop in node.metadata_props if prop.key != 'pkg.torch.onnx.stack_trace']
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)


def module_sites(path):
    """What each PyTorch module gives: {'blocks.0.conv1': tensor, ...}, from the names that both exporters leave."""
    sites = {}
    for node in onnx.load(path, load_external_data=False).graph.node:
        module = module_of(node)
        if module:
            sites[module] = node.output[0]  # of several nodes in a module, the last one gives its output
    return sites


def layer_sites(path, layers):
    """What each Keras layer gives, by the layers' names: tf2onnx leaves them in those of the nodes."""
    nodes = onnx.load(path, load_external_data=False).graph.node
    made = {layer: [node.output[0] for node in nodes if re.search(f'(^|/){layer}(_1)?/', node.name)] for layer in layers}
    return {layer: tensors[-1] for layer, tensors in made.items() if tensors}


def module_of(node):
    notes = {prop.key: prop.value for prop in node.metadata_props}
    scopes = re.findall(r"'([^']*)'", notes.get('pkg.torch.onnx.name_scopes', ''))
    if scopes:  # dynamo=True: ['', 'blocks', 'blocks.0', 'blocks.0.conv1', 'conv2d']
        return scopes[-2] if not scopes[0] else ''
    parts = node.name.split('/')[1:-1]  # dynamo=False: /blocks/blocks.0/conv1/Conv
    return '.'.join(part.removeprefix(f'{before}.') for before, part in zip(['', *parts], parts))


if __name__ == '__main__':
    for file in sys.argv[1:]:
        sites = module_sites(file)
        describe(file, sites=sites)
        print(file, *sites, sep='\n  ')
