"""Trains a small digit reader in PyTorch and exports it with both of PyTorch's exporters.

Run:  pip install torch onnx onnxscript scikit-learn
      python export_pytorch.py
"""
import torch
from describe import describe, module_sites
from digits import accuracy, held, held_label, labels, mean, normalised, remember, std, train, train_label
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)


class Digits(nn.Module):
    """8×8 pixels in, ten scores out. Every step is a module of its own, so that every step has a name."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu1 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.flat = nn.Flatten()
        self.scores = nn.Linear(16 * 4 * 4, 10)

    def forward(self, image):
        x = self.pool(self.relu1(self.bn1(self.conv1(image))))
        return self.scores(self.flat(self.relu2(self.conv2(x))))


def trained():
    net = Digits()
    x, label = torch.from_numpy(normalised(train))[:, None], torch.from_numpy(train_label)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(20):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), label[rows]).backward()
            optimizer.step()
    return net.eval()  # before every export: dropout off, BatchNorm on its running statistics


if __name__ == '__main__':
    net = trained()
    example = torch.zeros(1, 1, 8, 8)

    # the exporter of today
    torch.onnx.export(
        net,
        (example,),
        'pytorch-dynamo.onnx',
        dynamo=True,
        input_names=['image'],
        output_names=['scores'],
        dynamic_shapes={'image': {0: 'batch'}},  # any number of pictures at once
        external_data=False,  # the weights go into the file itself
        optimize=False,  # BatchNorm stays a step of its own
    )

    # the exporter of before, through TorchScript
    torch.onnx.export(
        net,
        (example,),
        'pytorch-torchscript.onnx',
        dynamo=False,
        input_names=['image'],
        output_names=['scores'],
        dynamic_axes={'image': {0: 'batch'}, 'scores': {0: 'batch'}},
        training=torch.onnx.TrainingMode.PRESERVE,  # BatchNorm stays a step of its own
    )

    for file in ['pytorch-dynamo.onnx', 'pytorch-torchscript.onnx']:
        image = {'input': 'image', 'mean': [mean], 'std': [std], 'labels': labels}
        describe(file, sites=module_sites(file), image=image)

    x = torch.from_numpy(normalised(held[:200]))[:, None].requires_grad_()
    scores = net(x)
    scores[0, held_label[0]].backward()
    remember('pytorch.npz', scores.detach(), x.grad[:1])
    print('PyTorch', torch.__version__, 'held out:', accuracy(scores.detach()))
