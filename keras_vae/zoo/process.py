"""What a model says of where data come from, with the names of its symbols in code."""

from typing import Any, NamedTuple

from keras_vae.models import (
    DEC,
    VQVAE,
    Autoencoder,
    ImageConditionalVAE,
    LatentVariableModel,
    SemiSupervisedVAE,
    SwapAutoencoder,
)
from keras_vae.objectives import NoisyCode

PRIORS = {
    "StandardNormal": "N(0, I)",
    "ConditionalGaussian": "N(m(c), diag(s(c)²)), m and s learned",
    "MixtureOfGaussians": "Σₖ wₖ N(mₖ, diag(sₖ²)), {0.num_components} components, learned",
    "VampPrior": "1/K Σₖ q(z | uₖ), {0.num_components} pseudo-inputs uₖ, learned",
    "RealNVP": "g(ε), ε ~ N(0, I), g a learned chain of {0.num_couplings} affine couplings",
    "TopDownPrior": "z₁ from the top's prior, then z_l ~ N(m_l(z₁…z_l₋₁), diag(s_l²)), level by level",
}
POSTERIORS = {
    "DiagonalGaussian": "N(μ, diag(s²)), [μ, s] = encoder(x)",
    "FullCovarianceGaussian": "N(μ, L Lᵀ), [μ, L] = encoder(x)",
    "TopDownPosterior": "level by level from the top, N(μ_l, diag(s_l²)) of encoder(x) and z₁…z_l₋₁",
}
LIKELIHOODS = {
    "Bernoulli": "Π Bernoulli(xᵢ; sigmoid(lᵢ)), l = decoder(z)",
    "ContinuousBernoulli": "Π continuous Bernoulli(xᵢ; sigmoid(lᵢ)), l = decoder(z)",
    "DiscretizedLogistic": "Π logistic(μᵢ, s), summed over each of 256 grey values, μ = decoder(z)",
    "Gaussian": "N(x; μ, diag(s²)), μ of decoder(z)",
    "PartlyGiven": "of what is hidden alone: the likelihood below it, what is given stays",
}


class Symbol(NamedTuple):
    """A symbol of the model."""

    name: str
    """As papers write it."""
    meaning: str
    """What it is, as a formula or in words."""
    code: str
    """Where it is in code."""


def generative_process(model: Any, objective: Any = None) -> list[Symbol]:
    """The symbols of a model, in the order in which data come from them, then what is inferred and maximised.

    Args:
        model: a model of this library.
        objective: what it was trained for; by default its default objective.
    """
    if isinstance(model, LatentVariableModel):
        return _latent_variables(model)
    if isinstance(model, VQVAE):
        return _discrete_codes(model)
    if isinstance(model, Autoencoder):
        return _autoencoder(model, objective or model.default_objective())
    return [Symbol("p(y | x)", f"softmax of {model.num_classes} logits of a convolutional network", "model(x)")]


def _latent_variables(model: Any) -> list[Symbol]:
    condition = _condition(model)
    given = ", c" if condition else ""
    prior, likelihood = type(model.prior).__name__, type(model.likelihood).__name__
    rows = [
        *condition,
        Symbol(
            f"p(z{' | c' if condition else ''})",
            f"{PRIORS[prior].format(model.prior)}; {model.latent_size} latents",
            "model.prior",
        ),
        Symbol(f"p(x | z{given})", LIKELIHOODS[likelihood], f"model.decode(z{', labels' if condition else ''})"),
        Symbol(
            f"q(z | x{given})",
            POSTERIORS[type(model.posterior).__name__],
            f"model.encode(x{', labels' if condition else ''})",
        ),
        Symbol("log p(x)", "≥ E_q[log p(x | z)] - KL(q(z | x), p(z)), the ELBO", "model.elbo(x), model.log_prob(x)"),
    ]
    if isinstance(model, SemiSupervisedVAE):
        rows.append(
            Symbol("q(y | x)", "softmax of a classifier; y is summed over where it is not known", "model.classify(x)")
        )
    return rows


def _condition(model: Any) -> list[Symbol]:
    if isinstance(model, ImageConditionalVAE):
        return [Symbol("c", f"features of a picture of shape {' x '.join(map(str, model.condition_shape))}", "labels")]
    if model.conditional:
        return [Symbol("c", f"the class, one of {model.num_classes}", "labels")]
    return []


def _discrete_codes(model: Any) -> list[Symbol]:
    where = f"{model.latent_size} numbers from 0 to {model.num_codes - 1}"
    condition = _condition(model)
    given = " | c" if condition else ""
    return [
        *condition,
        Symbol(
            f"p(k{given})", f"Π p(kᵢ | k₁…kᵢ₋₁{', c' if condition else ''}), a gated pixel CNN; {where}", "model.prior"
        ),
        Symbol(
            "p(x | k)",
            LIKELIHOODS[type(model.likelihood).__name__].replace("(z)", "(e_k)") + ", e_k the codes of the book",
            "model.decode(k)",
        ),
        Symbol("k(x)", "the nearest codes to encoder(x)", "model.encode(x)"),
        Symbol("log p(x)", "≥ log p(x | k(x)) + log p(k(x))", "model.elbo(x)"),
    ]


def _autoencoder(model: Any, objective: Any) -> list[Symbol]:
    seen, rows = "x", []
    if getattr(objective, "corruption", None) is not None:
        seen = "x̃"
        rows.append(Symbol("x̃", f"x with {_words(objective.corruption)}", "in fit alone"))
    domain = isinstance(model, SwapAutoencoder)
    rows += [
        Symbol("h", f"{model.latent_size} numbers, encoder({seen})", "model.encode(x)"),
        Symbol(
            "x̂", "the mean of p(x | h), of decoder(h)", "model.swap(x, domain)" if domain else "model.reconstruct(x)"
        ),
        Symbol("the loss", "-log p(x | h)" + _penalty(model, objective), "model.compile(objective=...)"),
    ]
    if isinstance(model, DEC):
        rows.append(
            Symbol("q(c | h)", "∝ (1 + |h - m_c|²)⁻¹, Student's t around each cluster's centre", "model.cluster(x)")
        )
    return rows


def _penalty(model: Any, objective: Any) -> str:
    if isinstance(model, DEC):
        return " + weight KL(p || q), p the sharpened q of the batch"
    penalty = getattr(objective, "penalty", None)
    price = ""
    if isinstance(objective, NoisyCode):
        price = " + β |h|² / 2, of h + ε, ε ~ N(0, I), in the place of h"
        if objective.cycle:
            power = f" with its odds to the power {objective.contrast:g}" if objective.contrast > 1.0 else ""
            price += f" - {objective.cycle:g} log p(x | h' + ε), h' the code of x as drawn in the next domain{power},"
    return price + ("" if penalty is None else f" + {_words(penalty)}")


def _words(part: Any) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in part.settings().items() if value is not None)
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(part).__name__).strip()
    return f"{name} ({settings})" if settings else name
