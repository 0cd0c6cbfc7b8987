"""Trains scikit-learn models on the digits and exports them with skl2onnx.

Run:  pip install scikit-learn skl2onnx
      python export_scikit.py
"""
import sklearn
from digits import accuracy, held, held_label, remember, train, train_label
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

flat, held_flat = train.reshape(-1, 64), held[:200].reshape(-1, 64)
models = {
    'mlp': MLPClassifier([32], max_iter=300, random_state=0),
    'pipeline': make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    'forest': RandomForestClassifier(5, max_depth=5, random_state=0),
}
for name, model in models.items():
    model.fit(flat, train_label)
    exported = to_onnx(
        model,
        flat[:1],
        target_opset=18,
        options={'zipmap': False},  # probabilities as a table of numbers, not as a list of dictionaries
        black_op={'Scaler', 'LinearClassifier'},  # written with Sub, Div, MatMul, Add: these have gradients
    )
    with open(f'scikit-{name}.onnx', 'wb') as file:
        file.write(exported.SerializeToString())
    probabilities = model.predict_proba(held_flat)
    # a linear model says itself what its slopes are: its coefficients, over the scale of the features
    slope = model[1].coef_[held_label[0]] / model[0].scale_ if name == 'pipeline' else None
    remember(f'scikit-{name}.npz', probabilities, slope)
    print('scikit-learn', sklearn.__version__, name, 'held out:', accuracy(probabilities))
