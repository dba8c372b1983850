"""What a model says of where data come from, with the names of its symbols in code."""

from typing import Any, NamedTuple

from keras_vae.distributions import TopDownPrior
from keras_vae.models import (
    DEC,
    VQVAE,
    AttributeConditionalVAE,
    Classifier,
    ImageConditionalVAE,
    LatentVariableModel,
    SemiSupervisedVAE,
    SwapAutoencoder,
    VaDE,
)
from keras_vae.zoo import goals

PRIORS = {
    "StandardNormal": "N(0, I)",
    "ConditionalGaussian": "N(m(c), diag(s(c)²)), m and s learned",
    "MixtureOfGaussians": "Σₖ wₖ N(mₖ, diag(sₖ²)), {0.num_components} components, learned",
    "VampPrior": "1/K Σₖ q(z | uₖ), {0.num_components} pseudo-inputs uₖ, learned",
    "RealNVP": "g(ε), ε ~ N(0, I), g a learned chain of {0.num_couplings} affine couplings",
    "SpatialPrior": "N(v; 0, I) N(m; μ(v), diag(s(v)²)), z = [v, m], μ and s learned, m a map of {0.map_shape}",
    "TopDownPrior": "z₁ ~ {top}, then z_l ~ N(m_l(z₁…z_l₋₁), diag(s_l²)), level by level",
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
    """The symbols of a model, in the order in which data come from them, then what is inferred, and what training makes smaller.

    Args:
        model: a model of this library.
        objective: what it was trained for; by default its default objective.
    """
    if isinstance(model, Classifier):
        return [Symbol("p(y | x)", f"softmax of {model.num_classes} logits of a convolutional network", "model(x)")]
    objective = objective or model.default_objective()
    if isinstance(model, LatentVariableModel):
        rows = _latent_variables(model)
    elif isinstance(model, VQVAE):
        rows = _discrete_codes(model)
    else:
        rows = _autoencoder(model, objective)
    letter = _condition(model)[0] if isinstance(model, LatentVariableModel | VQVAE) else ""
    return [*rows, Symbol("the loss", goals.goal(objective, letter), "model.compile(objective=...)")]


def _latent_variables(model: Any) -> list[Symbol]:
    c, rows = _condition(model)
    given, of = (f", {c}", ", labels") if c else ("", "")
    # A label that may be unknown is generated, as z is, not given.
    generated = isinstance(model, SemiSupervisedVAE)
    over = f" | {c}" if c and not generated else ""
    bound = f"E_q[log p(x | z{given})] - KL(q(z | x{given}), p(z{over}))"
    rows += [
        Symbol(f"p(z{over})", f"{_prior(model.prior)}; {model.latent_size} latents", "model.prior"),
        Symbol(f"p(x | z{given})", _of(LIKELIHOODS, model.likelihood, "(z)", given), f"model.decode(z{of})"),
        Symbol(f"q(z | x{given})", _of(POSTERIORS, model.posterior, "(x)", given), f"model.encode(x{of})"),
    ]
    if generated:
        rows += [
            Symbol("q(y | x)", "softmax of a classifier; y is summed over where it is not known", "model.classify(x)"),
            Symbol(
                "log p(x, y)",
                f"≥ {bound} + log p(y), the ELBO; without y, log p(x) ≥ its mean over q(y | x) + the entropy of q(y | x)",
                "model.elbo(x, labels)",
            ),
        ]
    else:
        rows.append(Symbol(f"log p(x{over})", f"≥ {bound}, the ELBO", f"model.elbo(x{of}), model.log_prob(x{of})"))
    if isinstance(model, VaDE):
        rows.append(Symbol("p(k | z)", "∝ wₖ N(z; mₖ, diag(sₖ²)), at the mean of q(z | x)", "model.cluster(x)"))
    return rows


def _prior(prior: Any) -> str:
    top = _prior(prior.top) if isinstance(prior, TopDownPrior) else ""
    return PRIORS[type(prior).__name__].format(prior, top=top)


def _of(formulas: dict[str, str], part: Any, argument: str, given: str) -> str:
    """The formula of a distribution, whose network is told the condition too."""
    return formulas[type(part).__name__].replace(argument, argument[:-1] + given + ")")


def _condition(model: Any) -> tuple[str, list[Symbol]]:
    """The letter of the condition, "" where there is none, and its row."""
    if isinstance(model, SemiSupervisedVAE):
        return "y", [Symbol("p(y)", f"one of {model.num_classes} classes, each as likely", "labels")]
    if isinstance(model, ImageConditionalVAE):
        shape = " x ".join(map(str, model.condition_shape))
        return "c", [Symbol("c", f"features of a picture of shape {shape}", "labels")]
    if isinstance(model, AttributeConditionalVAE):
        names = ", ".join(model.attributes)
        return "c", [Symbol("c", f"a vector of {model.condition_size} numbers, of the attributes {names}", "labels")]
    if model.conditional:
        return "c", [Symbol("c", f"the class, one of {model.num_classes}", "labels")]
    return "", []


def _discrete_codes(model: Any) -> list[Symbol]:
    c, rows = _condition(model)
    given, also, of = (f" | {c}", f", {c}", ", labels") if c else ("", "", "")
    where = f"{model.latent_size} numbers from 0 to {model.num_codes - 1}"
    return [
        *rows,
        Symbol(f"p(k{given})", f"Π p(kᵢ | k₁…kᵢ₋₁{also}), a gated pixel CNN; {where}", "model.prior"),
        Symbol(
            "p(x | k)",
            LIKELIHOODS[type(model.likelihood).__name__].replace("(z)", "(e_k)") + ", e_k the codes of the book",
            "model.decode(k)",
        ),
        Symbol("k(x)", "the nearest codes to encoder(x)", "model.encode(x)"),
        Symbol(f"log p(x{given})", f"≥ log p(x | k(x)) + log p(k(x){given})", f"model.elbo(x{of})"),
    ]


def _autoencoder(model: Any, objective: Any) -> list[Symbol]:
    seen, rows = "x", []
    if getattr(objective, "corruption", None) is not None:
        seen = "x̃"
        own = getattr(model.default_objective(), "corruption", None) is not None
        where = "in fit and evaluate" if own else "in fit alone"
        rows.append(Symbol("x̃", f"x with {goals.in_words(objective.corruption)}", where))
    domain = isinstance(model, SwapAutoencoder)
    rows += [
        Symbol("h", f"{model.latent_size} numbers, encoder({seen})", "model.encode(x)"),
        Symbol(
            "x̂", "the mean of p(x | h), of decoder(h)", "model.swap(x, domain)" if domain else "model.reconstruct(x)"
        ),
    ]
    if isinstance(model, DEC):
        rows.append(
            Symbol("q(c | h)", "∝ (1 + |h - m_c|²)⁻¹, Student's t around each cluster's centre", "model.cluster(x)")
        )
    return rows
